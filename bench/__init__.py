"""Every published figure, one command each, beside a named alternative in the same run."""
