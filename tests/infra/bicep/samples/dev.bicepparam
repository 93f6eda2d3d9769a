using 'main.bicep'

param location = 'westeurope'
param redundancy = 'Standard_LRS'
param withCluster = false
param replicas = 3
param plans = [
  { name: 'small' }
  { name: 'large', size: 3 }
]
param password = readEnvironmentVariable('PASSWORD', '')
