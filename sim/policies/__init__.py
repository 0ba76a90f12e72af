"""Instruments of governments, made into driver arrays and accounts."""
