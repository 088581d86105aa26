"""Seeds that ended in another way than most are counted, with their accuracy."""

from reviewflow.evaluation.seed_kinds import seed_phrases


def test_seeds_of_other_kinds_are_counted() -> None:
    kinds = ["learned", "did not learn", "learned", "overfits", "did not learn"]
    found = seed_phrases(kinds, [0.8, 0.54, 0.7, None, 0.5], "learned")
    assert found == {
        "did not learn": "2 of 5 seeds did not learn (accuracy 0.500 to 0.540)",
        "overfits": "1 of 5 seeds overfits",
    }
    assert seed_phrases(["learned"] * 2, [0.8, 0.9], "learned") == {}
