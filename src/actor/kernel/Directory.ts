/**
 * Actors by their key, in the order in which they have come.
 *
 * What a `Map` does, where it costs most of a spawn: that has V8 intern each key it is asked for the first time, in a table of
 * the whole thread, and keeps four words an entry. Here a key is hashed where it is, and nothing else is kept of it than the hash.
 *
 * ```text
 *  slots     . 3 . 1 . . 2 .     by hash: the number of an entry, from 1 on; at least half of them are 0
 *  hashes    h1 h2 h3 .          of the entries
 *  entries   a  b  c             in the order in which they have come; `undefined` where one has left
 * ```
 *
 * The hash has a seed of its process, so that nobody can choose keys that meet in one place.
 */

const SEED = Math.trunc(Math.random() * 2 ** 32) | 0

const MULTIPLIER = 0x9e3779b1

const hashOf = (key: string): number => {
  let hash = SEED
  for (let i = 0; i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), MULTIPLIER)
    hash ^= hash >>> 15
  }
  return hash
}

const MIN_CAPACITY = 8

const NOWHERE = -1

// Notes the number of an entry in the first place that is free from that of its hash on.
const note = (slots: Int32Array, hash: number, number: number): void => {
  const mask = slots.length - 1
  let slot = hash & mask
  while (slots[slot] !== 0) slot = (slot + 1) & mask
  slots[slot] = number
}

/** See the module. */
export class Directory<A extends { readonly key: string }> {
  declare private readonly entries: Array<A | undefined>
  declare private hashes: Int32Array
  declare private slots: Int32Array
  /** How many there are. */
  declare size: number
  constructor() {
    this.entries = []
    this.hashes = new Int32Array(MIN_CAPACITY)
    this.slots = new Int32Array(MIN_CAPACITY * 2)
    this.size = 0
  }

  /** The one of a key. */
  get(key: string): A | undefined {
    const entry = this.find(key, hashOf(key))
    return entry === NOWHERE ? undefined : this.entries[entry]
  }

  /** Puts one at the end; nobody has its key. */
  add(value: A): void {
    if (this.entries.length === this.hashes.length) this.rebuild()
    const hash = hashOf(value.key)
    const number = this.entries.push(value)
    this.hashes[number - 1] = hash
    note(this.slots, hash, number)
    this.size++
  }

  /** Puts one in the place of the one who has its key, or at the end. */
  set(value: A): void {
    const entry = this.find(value.key, hashOf(value.key))
    if (entry === NOWHERE) this.add(value)
    else this.entries[entry] = value
  }

  /** Forgets the one of a key. */
  delete(key: string): void {
    const entry = this.find(key, hashOf(key))
    if (entry === NOWHERE) return
    // Its slot stays: who looks for one behind it passes by.
    this.entries[entry] = undefined
    this.size--
    if (this.size * 4 < this.hashes.length && this.hashes.length > MIN_CAPACITY) this.rebuild()
  }

  /** All of them, in the order in which they have come. */
  values(): Array<A> {
    return this.entries.filter((value) => value !== undefined)
  }

  private find(key: string, hash: number): number {
    const { entries, hashes, slots } = this
    const mask = slots.length - 1
    for (let slot = hash & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const entry = slots[slot]! - 1
      if (hashes[entry] === hash && entries[entry]?.key === key) return entry
    }
    return NOWHERE
  }

  // Room for as many again, without the places of those who have left.
  private rebuild(): void {
    const { entries, hashes, size } = this
    let capacity = MIN_CAPACITY
    while (capacity < size * 2) capacity *= 2
    this.hashes = new Int32Array(capacity)
    this.slots = new Int32Array(capacity * 2)
    let kept = 0
    entries.forEach((value, entry) => {
      if (value === undefined) return
      const hash = hashes[entry]!
      entries[kept] = value
      this.hashes[kept++] = hash
      note(this.slots, hash, kept)
    })
    entries.length = kept
  }
}
