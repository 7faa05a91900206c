"""Tables that other systems export (xlsx, csv): read in a stream, mapped to what a submission is, taken in row by row."""
