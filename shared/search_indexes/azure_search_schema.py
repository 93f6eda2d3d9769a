"""The search index in AI Search as `AzureSearchIndex` creates it, and what an existing one may lack.

Called by `azure_search_setup`. Field names are those of the documents in `azure_search_documents`.
"""

from azure.search.documents.indexes.models import (
    CustomAnalyzer,
    HnswAlgorithmConfiguration,
    PatternReplaceCharFilter,
    RescoringOptions,
    ScalarQuantizationCompression,
    ScalarQuantizationParameters,
    SearchableField,
    SearchField,
    SearchFieldDataType,
    SearchIndex,
    SemanticConfiguration,
    SemanticField,
    SemanticPrioritizedFields,
    SemanticSearch,
    SimpleField,
    StemmerTokenFilter,
    VectorSearch,
    VectorSearchProfile,
)

MULTILINGUAL = "multilingual"
SEMANTIC = "passages"  # the semantic configuration's name

_PROFILE, _GRAPH, _CODES = "passages", "hnsw", "int8"
_PAIRS, _POSSESSIVE, _ENGLISH = "unspaced_pairs", "possessive_endings", "english_endings"
# Lao, Thai, Burmese and Khmer have no spaces either, but the service pairs the characters of Chinese,
# Japanese and Korean only. So each of these is replaced by itself and the next; a last one has no next.
_UNSPACED = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"
_PAIR_PATTERN = f"({_UNSPACED})(?=({_UNSPACED}))|(?<={_UNSPACED}){_UNSPACED}"


def make_index(name: str, *, dimension: int, analyzer: str) -> SearchIndex:
    """`analyzer`: `multilingual`, or the name of one of the service's own."""
    return SearchIndex(
        name=name,
        fields=_fields(dimension, analyzer),
        vector_search=_vector_search(),
        semantic_search=_semantic_search(),
        char_filters=[PatternReplaceCharFilter(name=_PAIRS, pattern=_PAIR_PATTERN, replacement="$1$2 ")],
        token_filters=[
            StemmerTokenFilter(name=_POSSESSIVE, language="possessiveEnglish"),
            StemmerTokenFilter(name=_ENGLISH, language="english"),
        ],
        analyzers=[_multilingual()],
    )


def mismatch(found: SearchIndex, *, dimension: int) -> str | None:
    """What keeps this index from being used, as the end of "the search index …"."""
    fields = {field.name: field for field in found.fields}
    for wanted in _fields(dimension, MULTILINGUAL):
        field = fields.get(wanted.name)
        if field is None or field.type != wanted.type:
            return f"has no field {wanted.name} of type {wanted.type}"
        for ability in ("key", "filterable", "sortable", "searchable"):
            if getattr(wanted, ability) and not getattr(field, ability):
                return f"has a field {wanted.name} that is not {ability}"
        if field.vector_search_dimensions != wanted.vector_search_dimensions:
            return f"takes embeddings of {field.vector_search_dimensions} numbers, not {dimension}"
    semantic = found.semantic_search
    if SEMANTIC not in {one.name for one in (semantic and semantic.configurations) or ()}:
        return f"has no semantic configuration {SEMANTIC}"
    return None


def _fields(dimension: int, analyzer: str) -> list[SearchField]:
    text, number = SearchFieldDataType.STRING, SearchFieldDataType.INT32
    return [
        SimpleField(name="id", type=text, key=True, filterable=True, sortable=True),
        SimpleField(name="document_id", type=text, filterable=True, sortable=True),
        SimpleField(name="version", type=number, filterable=True, sortable=True),
        SimpleField(name="ordinal", type=number, filterable=True, sortable=True),
        SimpleField(name="page", type=number),
        SimpleField(name="readers", type="Collection(Edm.String)", filterable=True),
        SearchableField(name="title", analyzer_name=analyzer),
        SearchableField(name="heading", analyzer_name=analyzer),
        SearchableField(name="content", analyzer_name=analyzer),
        SimpleField(name="original", type=text),
        SearchField(
            name="embedding",
            type="Collection(Edm.Single)",
            searchable=True,
            hidden=True,
            stored=True,  # a vector that is not stored is lost when `set_readers` merges into its document
            vector_search_dimensions=dimension,
            vector_search_profile_name=_PROFILE,
        ),
    ]


def _vector_search() -> VectorSearch:
    return VectorSearch(
        profiles=[
            VectorSearchProfile(name=_PROFILE, algorithm_configuration_name=_GRAPH, compression_name=_CODES)
        ],
        algorithms=[HnswAlgorithmConfiguration(name=_GRAPH)],  # the service's defaults; its metric: cosine
        compressions=[
            ScalarQuantizationCompression(
                compression_name=_CODES,
                parameters=ScalarQuantizationParameters(quantized_data_type="int8"),
                rescoring_options=RescoringOptions(
                    enable_rescoring=True, default_oversampling=4, rescore_storage_method="preserveOriginals"
                ),
            )
        ],
    )


def _semantic_search() -> SemanticSearch:
    fields = SemanticPrioritizedFields(
        title_field=SemanticField(field_name="title"),
        keywords_fields=[SemanticField(field_name="heading")],
        content_fields=[SemanticField(field_name="content")],
    )
    return SemanticSearch(configurations=[SemanticConfiguration(name=SEMANTIC, prioritized_fields=fields)])


def _multilingual() -> CustomAnalyzer:
    """Words of any script; accents off; English endings off, of which others lose one here and there."""
    return CustomAnalyzer(
        name=MULTILINGUAL,
        char_filters=[_PAIRS],
        tokenizer_name="standard_v2",
        token_filters=["cjk_width", "lowercase", _POSSESSIVE, "cjk_bigram", "asciifolding", _ENGLISH],
    )
