"""Measured comparisons: each module with a ``main()`` prints ratios and the figures they come from.

``make bench`` runs all of them, ``make bench ARGS=NAME`` one. Plain pytest does not collect them.
"""
