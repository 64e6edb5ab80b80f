import { type Channel, SharedChannel } from "shared-nothing"
import { channelContract } from "../contract/channelContract.ts"

/** The next capacity that this kind can have; what is no capacity at all stays as it is. */
const powerOfTwo = (capacity: Channel.Options["capacity"]): Channel.Options["capacity"] =>
  typeof capacity === "number" && Number.isInteger(capacity) && capacity > 0 && capacity <= 2 ** 24
    ? Math.max(2, 2 ** Math.ceil(Math.log2(capacity)))
    : capacity

channelContract("a channel between threads, with both ends on one", {
  make: SharedChannel.make,
  kinds: ["spsc"],
  exactCapacity: true,
  dropsOldest: [],
  byReference: false,
  live: true,
  receiverElsewhere: false
})

channelContract("a channel between threads for many on both sides, with both ends on one", {
  make: (schema, options) => SharedChannel.make(schema, { ...options, capacity: powerOfTwo(options.capacity) }),
  kinds: ["mpmc"],
  exactCapacity: false,
  dropsOldest: ["mpmc"],
  byReference: false,
  live: true,
  receiverElsewhere: false
})

channelContract("a channel between threads whose capacity is not a number of messages in all, with both ends on one", {
  make: SharedChannel.make,
  kinds: ["mpsc", "broadcast"],
  exactCapacity: false,
  dropsOldest: [],
  byReference: false,
  live: true,
  receiverElsewhere: false
})
