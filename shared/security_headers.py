"""What tells a browser to do nothing with an answer but to hand it over. Used by the edge and by the host.

The host answers by itself where a request never reaches the API: what is no HTTP, and preflights.
"""

ANSWER_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
NOT_STORED = ("cache-control", "no-store")
