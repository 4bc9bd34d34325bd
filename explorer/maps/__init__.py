"""What a map is: networks, recipes, data sets, spaces, their planes and tools."""
