"""List stop words, and those among them that are negations."""

from collections.abc import Mapping
from types import MappingProxyType

from reviewflow.text.clean import compose

# scikit-learn's ENGLISH_STOP_WORDS, written out so that neither its import nor its version counts.
ENGLISH = frozenset(
    (
        "a", "about", "above", "across", "after", "afterwards", "again", "against", "all",
        "almost", "alone", "along", "already", "also", "although", "always", "am", "among",
        "amongst", "amoungst", "amount", "an", "and", "another", "any", "anyhow", "anyone",
        "anything", "anyway", "anywhere", "are", "around", "as", "at", "back", "be", "became",
        "because", "become", "becomes", "becoming", "been", "before", "beforehand", "behind",
        "being", "below", "beside", "besides", "between", "beyond", "bill", "both", "bottom",
        "but", "by", "call", "can", "cannot", "cant", "co", "con", "could", "couldnt", "cry",
        "de", "describe", "detail", "do", "done", "down", "due", "during", "each", "eg",
        "eight", "either", "eleven", "else", "elsewhere", "empty", "enough", "etc", "even",
        "ever", "every", "everyone", "everything", "everywhere", "except", "few", "fifteen",
        "fifty", "fill", "find", "fire", "first", "five", "for", "former", "formerly", "forty",
        "found", "four", "from", "front", "full", "further", "get", "give", "go", "had", "has",
        "hasnt", "have", "he", "hence", "her", "here", "hereafter", "hereby", "herein",
        "hereupon", "hers", "herself", "him", "himself", "his", "how", "however", "hundred",
        "i", "ie", "if", "in", "inc", "indeed", "interest", "into", "is", "it", "its", "itself",
        "keep", "last", "latter", "latterly", "least", "less", "ltd", "made", "many", "may",
        "me", "meanwhile", "might", "mill", "mine", "more", "moreover", "most", "mostly",
        "move", "much", "must", "my", "myself", "name", "namely", "neither", "never",
        "nevertheless", "next", "nine", "no", "nobody", "none", "noone", "nor", "not",
        "nothing", "now", "nowhere", "of", "off", "often", "on", "once", "one", "only", "onto",
        "or", "other", "others", "otherwise", "our", "ours", "ourselves", "out", "over", "own",
        "part", "per", "perhaps", "please", "put", "rather", "re", "same", "see", "seem",
        "seemed", "seeming", "seems", "serious", "several", "she", "should", "show", "side",
        "since", "sincere", "six", "sixty", "so", "some", "somehow", "someone", "something",
        "sometime", "sometimes", "somewhere", "still", "such", "system", "take", "ten", "than",
        "that", "the", "their", "them", "themselves", "then", "thence", "there", "thereafter",
        "thereby", "therefore", "therein", "thereupon", "these", "they", "thick", "thin",
        "third", "this", "those", "though", "three", "through", "throughout", "thru", "thus",
        "to", "together", "too", "top", "toward", "towards", "twelve", "twenty", "two", "un",
        "under", "until", "up", "upon", "us", "very", "via", "was", "we", "well", "were",
        "what", "whatever", "when", "whence", "whenever", "where", "whereafter", "whereas",
        "whereby", "wherein", "whereupon", "wherever", "whether", "which", "while", "whither",
        "who", "whoever", "whole", "whom", "whose", "why", "will", "with", "within", "without",
        "would", "yet", "you", "your", "yours", "yourself", "yourselves",
    )
)  # fmt: skip

# "not" reverses a judgement, so a sentiment classifier needs it.
NEGATIONS: Mapping[str, str] = MappingProxyType(
    {
        "english": (
            "no not nor never neither none nobody nothing nowhere noone cannot without "
            "ain't aren't can't couldn't daren't didn't doesn't don't hadn't hasn't haven't "
            "isn't mayn't mightn't mustn't needn't oughtn't shan't shouldn't wasn't weren't "
            "won't wouldn't aint arent cant couldnt didnt doesnt dont hadnt hasnt havent "
            "isnt mightnt mustnt neednt shouldnt wasnt werent wont wouldnt"
        ),
        "arabic": "لا لم لن ليس ليست لست ليسوا دون بدون غير",
        "danish": "ikke ej aldrig ingen intet ingenting uden hverken nej",
        "dutch": "niet geen nooit niemand niets niks nergens noch zonder nee",
        "finnish": (
            "ei en et emme ette eivät eikä enkä etkä emmekä ettekä eivätkä älä älkää ilman"
        ),
        "french": "ne n pas non ni jamais rien aucun aucune nul nulle sans",
        "german": (
            "nicht nichts nie niemals niemand niemanden niemandem nirgends kein keine "
            "keinem keinen keiner keines weder ohne nein"
        ),
        "hungarian": (
            "nem ne se sem soha sose sosem senki semmi sehol nincs nincsen nincsenek nélkül"
        ),
        "italian": "non no né mai nessun nessuno nessuna niente nulla senza",
        "norwegian": ("ikke ikkje aldri ingen inga intet ingenting uten utan verken korkje nei"),
        "portuguese": "não nao nem nunca jamais nada ninguém nenhum nenhuma sem",
        "romanian": "nu n nici niciodată nimeni nimic niciun nicio fără",
        "russian": "не ни нет никогда никто никого ничего ничто нигде нельзя без",
        "spanish": "no ni nunca jamás nada nadie ningún ninguno ninguna tampoco sin",
        "swedish": "inte icke ej aldrig ingen inget inga ingenting utan varken nej",
    }
)


def words_left_out(
    stop_words: str | tuple[str, ...], keep_negations: bool, lowercase: bool, language: str
) -> frozenset[str]:
    """Return the tokens that are left out.

    Parameters
    ----------
    stop_words : ``"none"``, a language whose list is taken, or the words.
    keep_negations : keep the language's :data:`NEGATIONS`, even where the list names them.
    lowercase : whether the tokens are in lower case. Then the list is too.
    language : of the texts, for the negations.
    """
    if stop_words == "none":
        return frozenset()
    words = frozenset(stop_words) if isinstance(stop_words, tuple) else common_words(stop_words)
    if lowercase:
        words = frozenset(word.lower() for word in words)
    return words - negations(language) if keep_negations else words


def negations(language: str) -> frozenset[str]:
    """Return the negations of a language. Of ``other`` none is known."""
    return frozenset(NEGATIONS.get(language, "").split())


def common_words(language: str) -> frozenset[str]:
    """Return scikit-learn's list for English, and else that of stop-words.

    Spelled as tokens are: composed (NFC), with ``'`` as the apostrophe.
    """
    if language == "english":
        return ENGLISH
    from stop_words import get_stop_words

    return frozenset(compose(word, lowercase=False) for word in get_stop_words(language))
