/** How long to run, in seconds. */
export const seconds = Number(process.env['SOAK_SECONDS'] ?? 1_800)

/** What the clients do by chance follows from it, their order in time aside. */
export const seed = Number(process.env['SOAK_SEED'] ?? Date.now() % 1_000_000)
