"""List stop words, and those among them that are negations."""

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
NEGATIONS = frozenset(
    (
        "no", "not", "nor", "never", "neither", "none", "nobody", "nothing", "nowhere", "noone",
        "cannot", "without", "ain't", "aren't", "can't", "couldn't", "daren't", "didn't",
        "doesn't", "don't", "hadn't", "hasn't", "haven't", "isn't", "mayn't", "mightn't",
        "mustn't", "needn't", "oughtn't", "shan't", "shouldn't", "wasn't", "weren't", "won't",
        "wouldn't", "aint", "arent", "cant", "couldnt", "didnt", "doesnt", "dont", "hadnt",
        "hasnt", "havent", "isnt", "mightnt", "mustnt", "neednt", "shouldnt", "wasnt", "werent",
        "wont", "wouldnt",
    )
)  # fmt: skip


def words_left_out(
    stop_words: str | tuple[str, ...], keep_negations: bool, lowercase: bool
) -> frozenset[str]:
    """Return the tokens that are left out.

    Parameters
    ----------
    stop_words : ``"none"``, ``"english"`` (scikit-learn's list), or the words.
    keep_negations : keep :data:`NEGATIONS`, even where the list names them.
    lowercase : whether the tokens are in lower case. Then the list is too.
    """
    if stop_words == "none":
        return frozenset()
    words = ENGLISH if stop_words == "english" else frozenset(stop_words)
    if lowercase:
        words = frozenset(word.lower() for word in words)
    return words - NEGATIONS if keep_negations else words
