/**
 * Programs that the explorer must find a failing schedule of: the structures used wrongly, or their text changed.
 */
import type { Mutation } from "./gate.ts"
import { abandonedWait, deadProducer, deadReader, type Misuse, type Model, parked, polled, room } from "./programs.ts"

/** A program that the explorer must find a failing schedule of. */
export interface Broken {
  readonly name: string
  readonly model: Model
  readonly misuse?: Misuse
  readonly mutations?: ReadonlyArray<Mutation>
}

/** All broken programs. */
export const broken: ReadonlyArray<Broken> = [
  { name: "publishes before the body is written", model: polled, misuse: { publishesBeforeBody: true } },
  { name: "releases before reading", model: polled, misuse: { releasesBeforeReading: true } },
  { name: "checks before announcing that it parks", model: parked(false), misuse: { checksBeforeAnnouncing: true } },
  { name: "rings before publishing", model: parked(true), misuse: { ringsBeforePublishing: true } },
  { name: "looks for room before asking for it", model: room, misuse: { looksForRoomBeforeAsking: true } },
  { name: "answers requests for room before releasing", model: room, misuse: { takesRequestBeforeReleasing: true } },
  { name: "rings for nobody who died", model: deadProducer, misuse: { nobodyRingsForTheDead: true } },
  { name: "rings for nobody who died reading", model: deadReader, misuse: { nobodyRingsForTheDead: true } },
  {
    name: "rings for the dead as if they had not begun to",
    model: deadProducer,
    misuse: { ringsForTheDeadOnlyIfParked: true }
  },
  {
    name: "stores the tail before the header",
    model: polled,
    mutations: [{
      module: "SpscRing",
      find: "    this.words[word] = payloadBytes + headerBytes\n",
      replace: "    Atomics.store(this.cells, tailCell, (position + ((payloadBytes + headerAndRounding) & -8)) | 0)\n"
        + "    this.words[word] = payloadBytes + headerBytes\n"
    }]
  },
  {
    name: "takes more room than the reader has released",
    model: polled,
    mutations: [{
      module: "SpscRing",
      find: "const free = capacityBytes - ((position",
      replace: "const free = capacityBytes + 1008 - ((position"
    }, { module: "SpscRing", find: "free > capacityBytes || ", replace: "" }]
  },
  {
    name: "forgets the padding record",
    model: polled,
    mutations: [{
      module: "SpscRing",
      find: "this.words[(offset >> 2) + 1] = paddingType",
      replace: "this.words[(offset >> 2) + 1] = 0"
    }]
  },
  {
    name: "wakes without a notify",
    model: parked(false),
    mutations: [{
      module: "Doorbell",
      find: "    // All waiters: an abandoned wait of the same thread must not take the wake-up of the living one.\n"
        + "    Atomics.notify(this.cells, this.cell)\n",
      replace: ""
    }]
  },
  {
    name: "notifies before it sets the state",
    model: parked(true),
    mutations: [{
      module: "Doorbell",
      find: "    if (Atomics.compareExchange(this.cells, this.cell, PARKED, AWAKE) !== PARKED) return false\n",
      replace: "    Atomics.notify(this.cells, this.cell)\n"
        + "    if (Atomics.compareExchange(this.cells, this.cell, PARKED, AWAKE) !== PARKED) return false\n"
        + "    return true\n"
    }]
  },
  {
    name: "wakes one waiter, perhaps the abandoned one",
    model: abandonedWait,
    mutations: [
      {
        module: "Doorbell",
        find: "of the living one.\n    Atomics.notify(this.cells, this.cell)",
        replace: "of the living one.\n    Atomics.notify(this.cells, this.cell, 1)"
      },
      { module: "Doorbell", find: "if (this.waiting) {", replace: "if (false) {" }
    ]
  }
]
