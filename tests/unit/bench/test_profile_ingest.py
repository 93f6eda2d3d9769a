"""What `bench.profile_ingest` measures is told by what it is part of."""

import pytest

from bench.profile import Profile, sorted_out
from bench.profile_ingest import GROUPS, largest, operator_name

HEAD = "ingest (/app/shared/ingest/pipeline.py)"


@pytest.mark.parametrize(
    ("innermost", "group"),
    [
        ("TextWriter.apply (/app/shared/search_indexes/embedded_text_writer.py)", "BM25 index"),
        ("write_chunks (/app/shared/search_indexes/embedded_records.py)", "SQLite: passages"),
        ("SqliteDocuments.claim (/app/shared/metadata_stores/sqlite_documents.py)", "SQLite: documents"),
        ("CachedEmbedder._key (/app/shared/embedders/cached.py)", "SQLite: the cache of embeddings"),
        ("OnnxEmbedder._embed (/app/shared/embedders/onnx.py)", "embedding"),
        ("ParserPool._submit (/app/shared/ingest/parse/pool.py)", "asking for a parse"),
        ("chunk (/app/shared/ingest/chunk.py)", "chunking"),
        ("SqliteFile.write (/app/shared/sqlite_file.py)", "handing work to threads"),
        ("loads (/usr/lib/python3.13/json/__init__.py)", "the pipeline's head"),
    ],
)
def test_a_stack_belongs_to_the_innermost_part_that_is_known(innermost: str, group: str) -> None:
    assert sorted_out({f"{HEAD};{innermost}": 7}, GROUPS) == {group: 7}


def test_the_three_largest_are_told_with_their_shares_of_all() -> None:
    profile = Profile(threads={"parsing": 5.0, "embedding": 3.0, "main": 1.0, "other": 1.0}, groups={})
    assert (
        largest(profile) == "Of all processor time most went to parsing (50%), embedding (30%), main (10%)."
    )


def test_a_product_of_matrices_is_told_with_the_shape_of_its_weights() -> None:
    told = {
        "op_name": "DynamicQuantizeMatMul",
        "input_type_shape": [{"float": [1, 192, 384]}, {"float": [1152]}],
        "output_type_shape": [{"float": [1, 192, 1152]}],
    }
    assert operator_name(told) == "DynamicQuantizeMatMul 384 × 1152"
    assert operator_name({**told, "op_name": "Gelu"}) == "Gelu"
