"""The foundation that every other package stands on; it imports none of them."""
