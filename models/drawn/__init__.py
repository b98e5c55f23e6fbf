"""Drawn pictures: number plates of many kinds, made by code, for training and for the rehearsal's cameras."""
