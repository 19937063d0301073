"""Tables of rows from and to files, whatever register they are for."""
