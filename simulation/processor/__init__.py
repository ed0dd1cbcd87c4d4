"""A payment processor to develop and test against: a real HTTP service that fails as real ones do.

It knows nothing of the platform: what it is told comes over HTTP, what it tells goes out in signed
messages. What it has acknowledged is in a file, so that killing it loses nothing.
"""
