"""Modifications: propose, answer, look."""
