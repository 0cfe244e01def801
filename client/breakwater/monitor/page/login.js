// Takes the token from the form, or from behind the # of the address, where no server and no log sees it.
const form = document.getElementById("login");
const wrong = document.getElementById("wrong");

async function enter(token) {
  const answer = await fetch("/login", { method: "POST", body: JSON.stringify({ token }) });
  if (answer.ok) {
    location.replace("/");
    return;
  }
  wrong.textContent = (await answer.json()).error.message;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  enter(form.token.value.trim());
});

function follow() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (!given) return;
  history.replaceState(null, "", "/");
  enter(given);
}

addEventListener("hashchange", follow);
follow();
