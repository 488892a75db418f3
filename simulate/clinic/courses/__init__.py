"""The potential course of each patient, drawn before the clinic decides anything."""
