// Events with their types: on, once and off. React Native has no EventTarget in every
// version, so this is our own.

export class Emitter<Events extends object> {
  #listeners = new Map<keyof Events, Set<(detail: never) => void>>();

  // on listens, until the function it gives is called.
  on<K extends keyof Events>(event: K, listener: (detail: Events[K]) => void): () => void {
    let all = this.#listeners.get(event);
    if (!all) this.#listeners.set(event, all = new Set());
    all.add(listener as (detail: never) => void);
    return () => this.off(event, listener);
  }

  // once listens to the next event of the kind.
  once<K extends keyof Events>(event: K, listener: (detail: Events[K]) => void): () => void {
    const stop = this.on(event, (detail) => {
      stop();
      listener(detail);
    });
    return stop;
  }

  off<K extends keyof Events>(event: K, listener: (detail: Events[K]) => void): void {
    this.#listeners.get(event)?.delete(listener as (detail: never) => void);
  }

  // next resolves with the next event of the kind.
  next<K extends keyof Events>(event: K): Promise<Events[K]> {
    return new Promise((resolve) => this.once(event, resolve));
  }

  // listened tells whether somebody listens.
  protected listened(event: keyof Events): boolean {
    return (this.#listeners.get(event)?.size ?? 0) > 0;
  }

  protected emit<K extends keyof Events>(event: K, detail: Events[K]): void {
    for (const listener of [...this.#listeners.get(event) ?? []]) {
      try {
        (listener as (detail: Events[K]) => void)(detail);
      } catch (error) {
        // One listener's failure is its own.
        console.error(`skybridge: a listener of ${String(event)}:`, error);
      }
    }
  }
}

// pause waits, or until the signal is aborted.
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done);
  });
}
