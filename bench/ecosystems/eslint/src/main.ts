const later = async (): Promise<number> => Promise.resolve(1)

later()
