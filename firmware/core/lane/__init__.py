"""The lane: who drives through a barrier, in which direction, whether they may, and whether it is clear behind them."""
