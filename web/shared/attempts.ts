// Acts that are sent again because their answer was lost, so that each is done once.

/** The ids of acts whose fate is not known yet: what is sent a second time goes under its first id. */
export class Attempts {
  readonly #ids = new Map<string, string>();

  /** The id for an act that says exactly this of this case; a new one, unless it was sent before. */
  idOf(about: string, act: unknown): string {
    const key = keyOf(about, act);
    const id = this.#ids.get(key) ?? crypto.randomUUID();
    this.#ids.set(key, id);
    return id;
  }

  /** The service has answered: the same once more is another act. */
  answered(about: string, act: unknown): void {
    this.#ids.delete(keyOf(about, act));
  }
}

const keyOf = (about: string, act: unknown): string => JSON.stringify([about, act]);
