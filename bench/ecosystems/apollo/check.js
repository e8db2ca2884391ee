// rehackt, which @apollo/client asks for, needs the same React as the page.
const { ApolloClient, ApolloProvider, InMemoryCache, gql, useQuery } = require('@apollo/client')
const { MockedProvider } = require('@apollo/client/testing')
const { renderToStringWithData } = require('@apollo/client/react/ssr')
const { createElement } = require('react')
const { SchemaLink } = require('@apollo/client/link/schema')
const { buildSchema } = require('graphql')

const schema = buildSchema('type Query { greeting: String }')
const link = new SchemaLink({ schema, rootValue: { greeting: 'hello from apollo' } })
const client = new ApolloClient({ ssrMode: true, cache: new InMemoryCache(), link })
const Page = () => createElement('p', null, useQuery(gql`{ greeting }`).data?.greeting)
const page = createElement(ApolloProvider, { client }, createElement(Page))
renderToStringWithData(page).then((html) => console.log(html, typeof MockedProvider))
