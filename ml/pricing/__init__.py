"""Pricing: what a night is asked for, and what a host could ask."""
