"""The search engine at any size over HTTP, beside other engines on the same data and the same searches."""
