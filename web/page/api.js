// The VoIP REST API, as this page uses it.

const base = "/api/v1/voip";

// ApiError is an answer that is no success, with what its problem body says.
export class ApiError extends Error {
  constructor(status, problem) {
    super(problem?.detail || problem?.title || `The server answered ${status}.`);
    this.name = "ApiError";
    this.status = status;
    this.code = problem?.code ?? "";
  }
}

export class Api {
  constructor(token) {
    this.token = token;
  }

  async request(method, path, { body, signal, keepalive } = {}) {
    const headers = { Authorization: `Bearer ${this.token}`, Accept: "application/json" };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const response = await fetch(base + path, {
      method, headers, signal, keepalive,
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store", credentials: "omit",
    });
    const text = await response.text();
    let value = null;
    try {
      value = text === "" ? null : JSON.parse(text);
    } catch {
      // Something between us and the server answered in its own words.
    }
    if (!response.ok) throw new ApiError(response.status, value);
    return value;
  }

  // all reads every page of a list.
  async all(path, options) {
    const items = [];
    for (let cursor = ""; ;) {
      const page = await this.request("GET", cursor ? `${path}?cursor=${encodeURIComponent(cursor)}` : path, options);
      items.push(...(page?.items ?? []));
      if (!page?.next_cursor || page.next_cursor === cursor) return items;
      cursor = page.next_cursor;
    }
  }

  calls() { return this.all("/calls"); }
  call(id) { return this.request("GET", `/calls/${id}`); }
  rooms() { return this.all("/rooms"); }
  createCall(participants) { return this.request("POST", "/calls", { body: { participants, call_type: "audio" } }); }
  createRoom(name, number) { return this.request("POST", "/rooms", { body: { name, number } }); }
  joinRoom(id, pin) {
    return this.request("POST", `/rooms/${encodeURIComponent(id)}/join`, { body: pin ? { pin } : {} });
  }
  accept(id) { return this.request("POST", `/calls/${id}/accept`); }
  end(id, options) { return this.request("POST", `/calls/${id}/end`, options); }
  digits(id, digits) { return this.request("POST", `/calls/${id}/dtmf`, { body: { digits } }); }

  // send gives the server a signaling message.
  send(id, type, payload) {
    return this.request("POST", `/calls/${id}/signaling`, {
      body: { to_user: "server", message_type: type, payload },
    });
  }

  // messages waits for the signaling messages after seq.
  async messages(id, after, signal) {
    const page = await this.request("GET", `/calls/${id}/signaling?after=${after}&wait=25`, { signal });
    return page?.items ?? [];
  }
}
