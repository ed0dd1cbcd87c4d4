"""The heart of search, without HTTP: what is asked, what is indexed, what is answered."""
