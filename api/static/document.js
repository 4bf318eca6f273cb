// A document opened alone: go to its quote.
document.getElementById("quote")?.scrollIntoView({ block: "center" });
