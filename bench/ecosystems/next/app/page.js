export default function Page() {
  return <p>rendered by next</p>
}
