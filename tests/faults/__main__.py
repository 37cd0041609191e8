"""Print the table: `make faults`."""

from faults.table import lines

print("\n".join(lines()))
