const Button = ({ label }) => <button>{label}</button>

export default { component: Button, title: 'Button' }
export const Plain = { args: { label: 'told by storybook' } }
