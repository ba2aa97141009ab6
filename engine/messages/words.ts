/** Numbers in words. */

/** `32,000,000,000`: the same everywhere, whatever the machine's language. */
export function grouped(value: bigint | number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

/** `32 ETH (32,000,000,000 gwei)`. 1 ETH is 10⁹ gwei. */
export function amountText(gwei: number): string {
  const amount = BigInt(gwei)
  const rest = (amount % 1_000_000_000n).toString().padStart(9, '0').replace(/0+$/, '')
  return `${grouped(amount / 1_000_000_000n)}${rest === '' ? '' : `.${rest}`} ETH (${grouped(amount)} gwei)`
}

/** `1,234 bytes`. */
export const sizeText = (bytes: number): string => `${grouped(bytes)} ${bytes === 1 ? 'byte' : 'bytes'}`
