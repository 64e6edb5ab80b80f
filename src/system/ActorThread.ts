export const launch = 1
