"""The pages that the `type` of a problem leads to."""
