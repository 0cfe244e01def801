"use strict";
document.getElementById("door").addEventListener("submit", async (event) => {
  event.preventDefault();
  const token = document.getElementById("token").value;
  const answer = await fetch("/login", { method: "POST", body: JSON.stringify({ token }) });
  if (answer.ok) location.reload();
  else document.getElementById("said").textContent = (await answer.json()).error.message;
});
