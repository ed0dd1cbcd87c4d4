"""Payments: authorise, capture, void, refund, pay out, behind one gateway."""
