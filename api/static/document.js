const quote = document.getElementById("quote");
if (quote) {
  quote.scrollIntoView({ block: "center" });
}
