import logging

import pytest
import torch
from tiny import tiny_clip

from srcore.evaluation.clip import descriptions as module
from srcore.evaluation.clip.descriptions import CLASSES, TEMPLATES, describe, voc_classes
from srcore.features.clip import Clip


@pytest.fixture(scope="module")
def clip() -> Clip:
    return tiny_clip()


def test_the_twenty_classes_of_voc2007_are_there():
    assert len(CLASSES) == 20
    assert list(CLASSES) == sorted(CLASSES)
    assert all(key == word.replace(" ", "").lower() for key, word in CLASSES.items())


def test_a_class_is_the_mean_of_its_prompts_unit_embeddings(clip):
    classes = voc_classes(clip)
    assert classes.texts == tuple(CLASSES.values())
    for k, word in ((0, "aeroplane"), (10, "dining table"), (19, "TV monitor")):
        tokens = clip.tokenizer([template.format(word) for template in TEMPLATES])
        prompts = clip.model.encode_text(tokens)
        mean = (prompts / prompts.norm(dim=1, keepdim=True)).mean(dim=0)
        torch.testing.assert_close(classes.embeddings[k], mean / mean.norm(), atol=1e-5, rtol=0)


def test_the_size_of_a_batch_makes_no_difference(clip, monkeypatch):
    whole = voc_classes(clip).embeddings
    monkeypatch.setattr(module, "BATCH", 9)
    torch.testing.assert_close(voc_classes(clip).embeddings, whole, atol=1e-5, rtol=0)


def test_own_sentences_in_any_language_become_unit_embeddings(clip):
    sentences = [
        "a dog",
        "ein  Hund\nmit Ball ",
        "犬がボールを追う",
        "собака",
        "كلب",
        "🐕 ≠ 🐈",
        "$x_1$",
    ]
    found = describe(sentences, clip)
    assert found.texts[:2] == ("a dog", "ein Hund mit Ball")
    assert found.embeddings.shape == (7, 512)
    torch.testing.assert_close(found.embeddings.norm(dim=1), torch.ones(7))
    assert (found.embeddings @ found.embeddings.T).fill_diagonal_(0).max() < 0.9999  # all differ
    tokens = clip.tokenizer(sentences)
    expected = torch.nn.functional.normalize(clip.model.encode_text(tokens), dim=1)
    torch.testing.assert_close(found.embeddings, expected, atol=1e-5, rtol=0)


def test_a_sentence_that_clip_does_not_read_to_its_end_is_reported(clip, caplog):
    with caplog.at_level(logging.WARNING):
        describe(["a dog", "dog " * 90], clip)
    (record,) = caplog.records
    assert "sentence 2" in record.getMessage()
    assert "77 tokens" in record.getMessage()
