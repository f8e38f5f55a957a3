"""Molecules: from a SMILES or an SD file to the features of its atoms and of its pairs of atoms."""
