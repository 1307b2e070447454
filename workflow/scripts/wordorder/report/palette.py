"""The colours of all figures: those of Okabe and Ito (2008) and a grey, which colour-blind readers tell apart."""

BLUE = "#0072B2"
VERMILION = "#D55E00"
GREEN = "#009E73"
ORANGE = "#E69F00"
SKY_BLUE = "#56B4E9"
PURPLE = "#CC79A7"
BLACK = "#000000"
GREY = "#999999"
# Okabe and Ito's yellow is too light for lines.
PALETTE = [BLUE, VERMILION, GREEN, ORANGE, SKY_BLUE, PURPLE, BLACK, GREY]
# Of lines in the background, and of letters and axes.
LIGHT, GRID, INK = "#CCCCCC", "#E5E5E5", "#333333"
