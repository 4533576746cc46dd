// What people write to each other in a call or room.

const kept = 200; // messages that are shown

export class Talk {
  #parts; // {panel, title, list, form, text, hint}
  #call = null;
  #client = null;
  #shown = new Set(); // ids: a message may come twice
  #unseen = 0;

  constructor(parts) {
    this.#parts = parts;
    parts.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#say();
    });
    parts.panel.addEventListener("toggle", () => this.#count(0));
  }

  // begin shows what is written in a call from now on, and what was before.
  begin(client, call) {
    this.end();
    this.#call = call;
    this.#client = client;
    call.chat.on("message", (message) => {
      if (this.#call !== call) return;
      this.#show([message]);
      if (!this.#parts.panel.open) this.#count(this.#unseen + 1);
    });
    this.#before(call);
  }

  end() {
    this.#call = this.#client = null;
    this.#shown.clear();
    this.#parts.list.replaceChildren();
    this.#parts.text.value = "";
    this.#hint("");
    this.#count(0);
  }

  async #before(call) {
    try {
      const found = await this.#client.messages({ room: call.place.replace(/^room:/, ""), limit: 50 });
      if (this.#call === call) this.#show(found);
    } catch (error) {
      if (this.#call === call) this.#hint(`What was written before cannot be read: ${error.message}`);
    }
  }

  async #say() {
    const call = this.#call;
    const { text } = this.#parts;
    const body = text.value.trim();
    if (!call || body === "") return;
    text.value = "";
    try {
      const message = await call.chat.send(body);
      if (this.#call !== call) return;
      this.#show([message]);
      this.#hint("");
    } catch (error) {
      if (this.#call !== call) return;
      text.value ||= body; // to be sent again
      this.#hint(`Not sent: ${error.message}`);
    }
  }

  // show puts messages where they belong: in the order in which they were written.
  #show(messages) {
    const { list } = this.#parts;
    for (const message of messages) {
      if (this.#shown.has(message.id)) continue;
      this.#shown.add(message.id);
      const item = document.createElement("li");
      item.dataset.at = message.created_at;
      const who = document.createElement("b");
      who.textContent = message.from === this.#client.user ? "You" : message.from;
      item.append(who, ` ${message.body}`);
      const next = [...list.children].find((e) => Date.parse(e.dataset.at) > Date.parse(message.created_at));
      list.insertBefore(item, next ?? null);
    }
    while (list.children.length > kept) list.firstChild.remove();
    list.scrollTop = list.scrollHeight;
  }

  #count(unseen) {
    this.#unseen = unseen;
    this.#parts.title.textContent = unseen > 0 ? `Messages (${unseen} new)` : "Messages";
  }

  #hint(text) { this.#parts.hint.textContent = text; }
}
