param name string
param location string
param title string
param readers array

@secure()
param secret string

resource vault 'Microsoft.KeyVault/vaults@2023-07-01' = {
  name: name
  location: location
  properties: {
    tenantId: subscription().tenantId
    enableRbacAuthorization: true
    softDeleteRetentionInDays: 90
    sku: {
      family: 'A'
      name: 'standard'
    }
    accessPolicies: []
  }
}

resource kept 'Microsoft.KeyVault/vaults/secrets@2023-07-01' = {
  parent: vault
  name: 'secret'
  properties: {
    value: secret
    contentType: '${title} ${join(readers, ' ')}'
  }
}

output uri string = vault.properties.vaultUri
