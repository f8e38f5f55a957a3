"""One self-contained HTML page that shows explanations: data nouns, packing, and the files that the browser gets."""
