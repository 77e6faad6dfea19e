package corpus

// call is one kind of CloudTrail event. Words after a $ in its JSON are filled in
// by [filler]; within one event a word stands for one value.
type call struct {
	weight   int
	source   string
	name     string
	flags    string // r reads, d data event, e AwsServiceEvent
	caller   string // empty: any principal; console, saml, oidc, anonymous, foreign; else the calling service
	request  string
	response string
	resource string
	extra    string // additionalEventData
	errors   string // codes it fails with, parted by blanks
}

const (
	s3Extra    = `{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":0,"AuthenticationMethod":"AuthHeader","x-amz-id-2":"$id2","bytesTransferredOut":$bytes}`
	s3Put      = `{"SignatureVersion":"SigV4","CipherSuite":"TLS_AES_128_GCM_SHA256","bytesTransferredIn":$bytes,"SSEApplied":"SSE_KMS","AuthenticationMethod":"AuthHeader","x-amz-id-2":"$id2","bytesTransferredOut":0}`
	s3Object   = `[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::$bucket/$key"},{"accountId":"$account","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$bucket"}]`
	s3Bucket   = `[{"accountId":"$account","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$bucket"}]`
	s3Host     = `"bucketName":"$bucket","Host":"$bucket.s3.$region.amazonaws.com"`
	kmsKey     = `[{"accountId":"$account","type":"AWS::KMS::Key","ARN":"arn:aws:kms:$region:$account:key/$kms"}]`
	roleRes    = `[{"accountId":"$account","type":"AWS::IAM::Role","ARN":"arn:aws:iam::$account:role/$role"}]`
	assumed    = `{"credentials":{"accessKeyId":"$asia","sessionToken":"$token","expiration":"$longtime"},"assumedRoleUser":{"assumedRoleId":"$aroa:$session","arn":"arn:aws:sts::$account:assumed-role/$role/$session"}}`
	returnTrue = `{"requestId":"$requestid","_return":true}`
	signIn     = `{"LoginTo":"https://console.aws.amazon.com/console/home?region=$region&state=hashArgs%23&isauthcode=true","MobileVersion":"No","MFAUsed":"Yes","MFAIdentifier":"arn:aws:iam::$account:mfa/$user"}`
	ec2Errors  = "Client.UnauthorizedOperation Client.RequestLimitExceeded Client.InvalidInstanceID.NotFound"
	jsonErrors = "AccessDeniedException ThrottlingException ResourceNotFoundException ValidationException"
)

// calls is the mix of a small company's accounts: mostly services and roles,
// mostly reading.
var calls = []call{
	{weight: 190, source: "sts", name: "AssumeRole", flags: "r", caller: "$service", request: `{"roleArn":"arn:aws:iam::$account:role/$role","roleSessionName":"$session","durationSeconds":3600}`, response: assumed, resource: roleRes},
	{weight: 60, source: "sts", name: "AssumeRole", flags: "r", request: `{"roleArn":"arn:aws:iam::$account:role/$role","roleSessionName":"$session","durationSeconds":3600}`, response: assumed, resource: roleRes, errors: "AccessDenied"},
	{weight: 6, source: "sts", name: "AssumeRole", flags: "r", caller: "foreign", request: `{"roleArn":"arn:aws:iam::$account:role/$role","roleSessionName":"$session","externalId":"$hex16"}`, response: assumed, resource: roleRes},
	{weight: 14, source: "sts", name: "AssumeRoleWithSAML", flags: "r", caller: "saml", request: `{"sAMLAssertionID":"_$uuid","roleSessionName":"$user@example.com","durationSeconds":3600,"roleArn":"arn:aws:iam::$account:role/$role","principalArn":"arn:aws:iam::$account:saml-provider/AWSSSO_$hex16_DO_NOT_DELETE"}`, response: assumed, resource: roleRes},
	{weight: 26, source: "sts", name: "AssumeRoleWithWebIdentity", flags: "r", caller: "oidc", request: `{"roleArn":"arn:aws:iam::$account:role/$role","roleSessionName":"$session","durationSeconds":3600}`, response: assumed, resource: roleRes, errors: "AccessDenied ExpiredTokenException"},
	{weight: 30, source: "sts", name: "GetCallerIdentity", flags: "r"},
	{weight: 2, source: "sts", name: "GetSessionToken", flags: "r", request: `{"durationSeconds":43200}`, response: `{"credentials":{"accessKeyId":"$asia","sessionToken":"$token","expiration":"$longtime"}}`},
	{weight: 1, source: "sts", name: "GetFederationToken", flags: "r", request: `{"name":"$user","durationSeconds":3600}`},

	{weight: 100, source: "kms", name: "Decrypt", flags: "r", request: `{"encryptionContext":{"aws:s3:arn":"arn:aws:s3:::$bucket/$key"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}`, resource: kmsKey, errors: "AccessDenied"},
	{weight: 50, source: "kms", name: "Decrypt", flags: "r", caller: "$service", request: `{"encryptionContext":{"aws:logs:arn":"arn:aws:logs:$region:$account:log-group:$loggroup"},"encryptionAlgorithm":"SYMMETRIC_DEFAULT"}`, resource: kmsKey},
	{weight: 60, source: "kms", name: "GenerateDataKey", flags: "r", caller: "cloudtrail.amazonaws.com", request: `{"encryptionContext":{"aws:cloudtrail:arn":"arn:aws:cloudtrail:us-east-1:$account:trail/management","aws:s3:arn":"arn:aws:s3:::example-trail-logs/AWSLogs/$account/CloudTrail/$region/$date/$account_CloudTrail_$region_$file.json.gz"},"keyId":"arn:aws:kms:$region:$account:key/$kms","keySpec":"AES_256"}`, resource: kmsKey},
	{weight: 40, source: "kms", name: "GenerateDataKey", flags: "r", request: `{"encryptionContext":{"aws:s3:arn":"arn:aws:s3:::$bucket/$key"},"keyId":"arn:aws:kms:$region:$account:key/$kms","keySpec":"AES_256"}`, resource: kmsKey, errors: "AccessDenied"},
	{weight: 6, source: "kms", name: "DescribeKey", flags: "r", request: `{"keyId":"$kms"}`, resource: kmsKey},
	{weight: 4, source: "kms", name: "ListAliases", flags: "r", request: `{"limit":100}`},
	{weight: 3, source: "kms", name: "CreateGrant", request: `{"keyId":"arn:aws:kms:$region:$account:key/$kms","granteePrincipal":"arn:aws:sts::$account:assumed-role/$role/$session","operations":["Decrypt","GenerateDataKeyWithoutPlaintext"],"constraints":{"encryptionContextSubset":{"aws:ebs:id":"$vol"}}}`, response: `{"grantId":"$hex64","keyId":"arn:aws:kms:$region:$account:key/$kms"}`, resource: kmsKey},
	{weight: 2, source: "kms", name: "RotateKey", flags: "e", caller: "event"},

	{weight: 130, source: "s3", name: "GetObject", flags: "rd", request: `{` + s3Host + `,"key":"$key"}`, resource: s3Object, extra: s3Extra, errors: "AccessDenied NoSuchKey"},
	{weight: 46, source: "s3", name: "PutObject", flags: "d", request: `{` + s3Host + `,"key":"$key","x-amz-server-side-encryption":"aws:kms"}`, response: `{"x-amz-server-side-encryption":"aws:kms","x-amz-server-side-encryption-aws-kms-key-id":"arn:aws:kms:$region:$account:key/$kms"}`, resource: s3Object, extra: s3Put, errors: "AccessDenied"},
	{weight: 40, source: "s3", name: "HeadObject", flags: "rd", request: `{` + s3Host + `,"key":"$key"}`, resource: s3Object, extra: s3Extra, errors: "NoSuchKey AccessDenied"},
	{weight: 8, source: "s3", name: "DeleteObject", flags: "d", request: `{` + s3Host + `,"key":"$key"}`, resource: s3Object, extra: s3Extra},
	{weight: 2, source: "s3", name: "DeleteObjects", flags: "d", request: `{` + s3Host + `,"delete":""}`, resource: s3Bucket, extra: s3Extra},
	{weight: 26, source: "s3", name: "ListObjects", flags: "rd", request: `{"list-type":"2",` + s3Host + `,"encoding-type":"url","prefix":"$prefix"}`, resource: `[{"type":"AWS::S3::Object","ARNPrefix":"arn:aws:s3:::$bucket/"},{"accountId":"$account","type":"AWS::S3::Bucket","ARN":"arn:aws:s3:::$bucket"}]`, extra: s3Extra, errors: "AccessDenied"},
	{weight: 3, source: "s3", name: "GetObject", flags: "rd", caller: "anonymous", request: `{` + s3Host + `,"key":"$key"}`, resource: s3Object, extra: s3Extra, errors: "AccessDenied"},
	{weight: 36, source: "s3", name: "GetBucketAcl", flags: "r", caller: "cloudtrail.amazonaws.com", request: `{` + s3Host + `,"acl":""}`, resource: s3Bucket, extra: s3Extra},
	{weight: 8, source: "s3", name: "GetBucketLocation", flags: "r", request: `{` + s3Host + `,"location":""}`, resource: s3Bucket, extra: s3Extra, errors: "AccessDenied"},
	{weight: 6, source: "s3", name: "GetBucketPolicy", flags: "r", request: `{` + s3Host + `,"policy":""}`, resource: s3Bucket, extra: s3Extra, errors: "NoSuchBucketPolicy AccessDenied"},
	{weight: 5, source: "s3", name: "GetBucketEncryption", flags: "r", request: `{` + s3Host + `,"encryption":""}`, resource: s3Bucket, extra: s3Extra},
	{weight: 5, source: "s3", name: "GetBucketPublicAccessBlock", flags: "r", caller: "config.amazonaws.com", request: `{` + s3Host + `,"publicAccessBlock":""}`, resource: s3Bucket, extra: s3Extra, errors: "NoSuchPublicAccessBlockConfiguration"},
	{weight: 5, source: "s3", name: "GetBucketVersioning", flags: "r", caller: "config.amazonaws.com", request: `{` + s3Host + `,"versioning":""}`, resource: s3Bucket, extra: s3Extra},
	{weight: 4, source: "s3", name: "GetBucketTagging", flags: "r", request: `{` + s3Host + `,"tagging":""}`, resource: s3Bucket, extra: s3Extra, errors: "NoSuchTagSet"},
	{weight: 5, source: "s3", name: "ListBuckets", flags: "r", request: `{"Host":"s3.$region.amazonaws.com"}`, extra: s3Extra},
	{weight: 1, source: "s3", name: "PutBucketPolicy", request: `{` + s3Host + `,"policy":"","bucketPolicy":{"Version":"2012-10-17","Statement":[{"Sid":"TlsOnly","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::$bucket","arn:aws:s3:::$bucket/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}},{"Sid":"Readers","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::$account:role/$role"},"Action":["s3:GetObject","s3:ListBucket"],"Resource":["arn:aws:s3:::$bucket","arn:aws:s3:::$bucket/*"]}]}}`, resource: s3Bucket, extra: s3Put},
	{weight: 1, source: "s3", name: "PutBucketLifecycle", request: `{` + s3Host + `,"lifecycle":"","LifecycleConfiguration":{"Rule":{"ID":"expire-$hex8","Status":"Enabled","Filter":{"Prefix":"$prefix"},"Expiration":{"Days":90}}}}`, resource: s3Bucket, extra: s3Put},

	{weight: 46, source: "ec2", name: "DescribeInstances", flags: "r", request: `{"maxResults":1000,"instancesSet":{},"filterSet":{"items":[{"name":"instance-state-name","valueSet":{"items":[{"value":"running"}]}}]}}`, errors: ec2Errors},
	{weight: 26, source: "ec2", name: "DescribeInstances", flags: "r", request: `{"instancesSet":{"items":[{"instanceId":"$instance"}]},"filterSet":{}}`, errors: ec2Errors},
	{weight: 18, source: "ec2", name: "DescribeInstanceStatus", flags: "r", request: `{"instancesSet":{"items":[{"instanceId":"$instance"}]},"filterSet":{},"includeAllInstances":false}`, errors: ec2Errors},
	{weight: 20, source: "ec2", name: "DescribeNetworkInterfaces", flags: "r", request: `{"networkInterfaceIdSet":{},"filterSet":{"items":[{"name":"vpc-id","valueSet":{"items":[{"value":"$vpc"}]}}]}}`, errors: ec2Errors},
	{weight: 20, source: "ec2", name: "DescribeSecurityGroups", flags: "r", request: `{"securityGroupSet":{},"securityGroupIdSet":{"items":[{"groupId":"$sg"}]},"filterSet":{}}`, errors: ec2Errors},
	{weight: 14, source: "ec2", name: "DescribeVolumes", flags: "r", request: `{"volumeSet":{},"filterSet":{"items":[{"name":"attachment.instance-id","valueSet":{"items":[{"value":"$instance"}]}}]}}`, errors: ec2Errors},
	{weight: 12, source: "ec2", name: "DescribeTags", flags: "r", request: `{"filterSet":{"items":[{"name":"resource-id","valueSet":{"items":[{"value":"$instance"}]}}]}}`, errors: ec2Errors},
	{weight: 12, source: "ec2", name: "DescribeSubnets", flags: "r", request: `{"subnetSet":{"items":[{"subnetId":"$subnet"}]},"filterSet":{}}`},
	{weight: 10, source: "ec2", name: "DescribeVpcs", flags: "r", request: `{"vpcSet":{},"filterSet":{}}`},
	{weight: 10, source: "ec2", name: "DescribeImages", flags: "r", request: `{"imagesSet":{"items":[{"imageId":"$ami"}]},"filterSet":{},"ownersSet":{"items":[{"owner":"amazon"}]}}`},
	{weight: 10, source: "ec2", name: "DescribeSnapshots", flags: "r", request: `{"maxResults":100,"ownersSet":{"items":[{"owner":"self"}]},"snapshotSet":{},"filterSet":{},"sharedUsersSet":{}}`},
	{weight: 8, source: "ec2", name: "DescribeRegions", flags: "r", request: `{"regionSet":{},"allRegions":false}`},
	{weight: 8, source: "ec2", name: "DescribeAvailabilityZones", flags: "r", request: `{"availabilityZoneSet":{},"availabilityZoneIdSet":{}}`},
	{weight: 8, source: "ec2", name: "DescribeRouteTables", flags: "r", request: `{"routeTableIdSet":{},"filterSet":{"items":[{"name":"association.subnet-id","valueSet":{"items":[{"value":"$subnet"}]}}]}}`},
	{weight: 6, source: "ec2", name: "DescribeLaunchTemplateVersions", flags: "r", request: `{"DescribeLaunchTemplateVersionsRequest":{"LaunchTemplateId":"lt-$hex17","LaunchTemplateVersion":{"tag":1,"content":"$$Latest"}}}`},
	{weight: 5, source: "ec2", name: "DescribeFlowLogs", flags: "r", request: `{"DescribeFlowLogsRequest":{"MaxResults":100}}`},
	{weight: 5, source: "ec2", name: "DescribeInstanceAttribute", flags: "r", request: `{"instanceId":"$instance","attribute":"disableApiTermination"}`},
	{weight: 4, source: "ec2", name: "DescribeAddresses", flags: "r", request: `{"publicIpsSet":{},"filterSet":{},"allocationIdsSet":{}}`},
	{weight: 4, source: "ec2", name: "DescribeVpcEndpoints", flags: "r", request: `{"DescribeVpcEndpointsRequest":{"Filter":{"tag":1,"Name":"vpc-id","Value":{"tag":1,"content":"$vpc"}}}}`},
	{weight: 8, source: "ec2", name: "RunInstances", caller: "autoscaling.amazonaws.com", request: `{"instancesSet":{"items":[{"imageId":"$ami","minCount":1,"maxCount":1}]},"instanceType":"m6i.large","blockDeviceMapping":{},"availabilityZone":"$regiona","monitoring":{"enabled":true},"disableApiTermination":false,"disableApiStop":false,"clientToken":"fleet-$uuid","networkInterfaceSet":{"items":[{"deviceIndex":0,"subnetId":"$subnet","groupSet":{"items":[{"groupId":"$sg"}]}}]},"iamInstanceProfile":{"arn":"arn:aws:iam::$account:instance-profile/$role"},"tagSpecificationSet":{"items":[{"resourceType":"instance","tags":[{"key":"aws:autoscaling:groupName","value":"web-$hex8"},{"key":"Name","value":"web"},{"key":"env","value":"prod"}]}]}}`,
		response: `{"requestId":"$requestid","reservationId":"r-$hex17","ownerId":"$account","groupSet":{},"instancesSet":{"items":[{"instanceId":"$instance","imageId":"$ami","currentState":{"code":0,"name":"pending"},"privateDnsName":"ip-10-0-$n-$n.ec2.internal","amiLaunchIndex":0,"productCodes":{},"instanceType":"m6i.large","launchTime":$millis,"placement":{"availabilityZone":"$regiona","tenancy":"default"},"monitoring":{"state":"pending"},"subnetId":"$subnet","vpcId":"$vpc","privateIpAddress":"10.0.$n.$n","stateReason":{"code":"pending","message":"pending"},"architecture":"x86_64","rootDeviceType":"ebs","rootDeviceName":"/dev/xvda","blockDeviceMapping":{},"virtualizationType":"hvm","hypervisor":"xen","groupSet":{"items":[{"groupId":"$sg","groupName":"web"}]},"sourceDestCheck":true,"networkInterfaceSet":{"items":[{"networkInterfaceId":"$eni","subnetId":"$subnet","vpcId":"$vpc","ownerId":"$account","status":"in-use","macAddress":"0a:11:22:33:44:55","privateIpAddress":"10.0.$n.$n","interfaceType":"interface"}]},"ebsOptimized":false,"cpuOptions":{"coreCount":1,"threadsPerCore":2},"metadataOptions":{"state":"pending","httpTokens":"required","httpPutResponseHopLimit":2,"httpEndpoint":"enabled"}}]},"requesterId":"940372691376"}`, errors: "Server.InsufficientInstanceCapacity"},
	{weight: 6, source: "ec2", name: "TerminateInstances", caller: "autoscaling.amazonaws.com", request: `{"instancesSet":{"items":[{"instanceId":"$instance"}]}}`, response: `{"requestId":"$requestid","instancesSet":{"items":[{"instanceId":"$instance","currentState":{"code":32,"name":"shutting-down"},"previousState":{"code":16,"name":"running"}}]}}`},
	{weight: 2, source: "ec2", name: "StopInstances", request: `{"instancesSet":{"items":[{"instanceId":"$instance"}]},"force":false}`, response: `{"requestId":"$requestid","instancesSet":{"items":[{"instanceId":"$instance","currentState":{"code":64,"name":"stopping"},"previousState":{"code":16,"name":"running"}}]}}`, errors: ec2Errors},
	{weight: 2, source: "ec2", name: "StartInstances", request: `{"instancesSet":{"items":[{"instanceId":"$instance"}]}}`, response: `{"requestId":"$requestid","instancesSet":{"items":[{"instanceId":"$instance","currentState":{"code":0,"name":"pending"},"previousState":{"code":80,"name":"stopped"}}]}}`},
	{weight: 8, source: "ec2", name: "CreateNetworkInterface", caller: "lambda.amazonaws.com", request: `{"subnetId":"$subnet","description":"AWS Lambda VPC ENI-$function-$uuid","groupSet":{"items":[{"groupId":"$sg"}]},"privateIpAddressesSet":{},"clientToken":"$uuid"}`, response: `{"requestId":"$requestid","networkInterface":{"networkInterfaceId":"$eni","subnetId":"$subnet","vpcId":"$vpc","availabilityZone":"$regiona","ownerId":"$account","requesterManaged":false,"status":"pending","privateIpAddress":"10.0.$n.$n","sourceDestCheck":true,"interfaceType":"lambda","groupSet":{"items":[{"groupId":"$sg","groupName":"lambda"}]},"tagSet":{}}}`},
	{weight: 6, source: "ec2", name: "DeleteNetworkInterface", caller: "lambda.amazonaws.com", request: `{"networkInterfaceId":"$eni"}`, response: returnTrue},
	{weight: 6, source: "ec2", name: "CreateTags", request: `{"resourcesSet":{"items":[{"resourceId":"$instance"}]},"tagSet":{"items":[{"key":"owner","value":"$user"},{"key":"env","value":"prod"}]}}`, response: returnTrue, errors: ec2Errors},
	{weight: 5, source: "ec2", name: "CreateSnapshot", caller: "dlm.amazonaws.com", request: `{"volumeId":"$vol","description":"Created for policy: policy-$hex17 schedule: Daily"}`, response: `{"requestId":"$requestid","snapshotId":"$snap","volumeId":"$vol","status":"pending","startTime":$millis,"progress":"","ownerId":"$account","volumeSize":"100","encrypted":true}`},
	{weight: 4, source: "ec2", name: "DeleteSnapshot", caller: "dlm.amazonaws.com", request: `{"snapshotId":"$snap"}`, response: returnTrue},
	{weight: 2, source: "ec2", name: "AuthorizeSecurityGroupIngress", request: `{"groupId":"$sg","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":443,"toPort":443,"groups":{},"ipRanges":{"items":[{"cidrIp":"10.0.0.0/8","description":"internal"}]},"ipv6Ranges":{},"prefixListIds":{}}]}}`, response: `{"requestId":"$requestid","_return":true,"securityGroupRuleSet":{"items":[{"groupOwnerId":"$account","groupId":"$sg","securityGroupRuleId":"sgr-$hex17","isEgress":false,"ipProtocol":"tcp","fromPort":443,"toPort":443,"cidrIpv4":"10.0.0.0/8"}]}}`, errors: "Client.InvalidPermission.Duplicate Client.UnauthorizedOperation"},
	{weight: 1, source: "ec2", name: "RevokeSecurityGroupIngress", request: `{"groupId":"$sg","ipPermissions":{"items":[{"ipProtocol":"tcp","fromPort":8080,"toPort":8080,"ipRanges":{"items":[{"cidrIp":"192.0.2.0/24"}]}}]}}`, response: returnTrue},
	{weight: 1, source: "ec2", name: "ModifyInstanceAttribute", request: `{"instanceId":"$instance","groupSet":{"items":[{"groupId":"$sg"}]}}`, response: returnTrue},
	{weight: 1, source: "ec2", name: "CreateLaunchTemplateVersion", request: `{"CreateLaunchTemplateVersionRequest":{"LaunchTemplateId":"lt-$hex17","ClientToken":"$uuid","LaunchTemplateData":{"ImageId":"$ami","InstanceType":"m6i.large","UserData":"<sensitiveDataRemoved>","SecurityGroupId":{"tag":1,"content":"$sg"},"IamInstanceProfile":{"Name":"$role"}}}}`},

	{weight: 3, source: "iam", name: "GetRole", flags: "r", request: `{"roleName":"$role"}`, errors: "NoSuchEntityException AccessDenied"},
	{weight: 5, source: "iam", name: "ListRoles", flags: "r", request: `{"maxItems":1000}`, errors: "AccessDenied"},
	{weight: 4, source: "iam", name: "ListUsers", flags: "r", request: `{"maxItems":1000}`, errors: "AccessDenied"},
	{weight: 6, source: "iam", name: "ListAttachedRolePolicies", flags: "r", request: `{"roleName":"$role"}`},
	{weight: 5, source: "iam", name: "GetRolePolicy", flags: "r", request: `{"roleName":"$role","policyName":"inline-$hex8"}`, errors: "NoSuchEntityException"},
	{weight: 6, source: "iam", name: "GetPolicyVersion", flags: "r", request: `{"policyArn":"arn:aws:iam::$account:policy/app-$role","versionId":"v3"}`},
	{weight: 4, source: "iam", name: "ListAccessKeys", flags: "r", request: `{"userName":"$user"}`, errors: "AccessDenied"},
	{weight: 3, source: "iam", name: "GetAccountPasswordPolicy", flags: "r", errors: "NoSuchEntityException"},
	{weight: 3, source: "iam", name: "GetAccountSummary", flags: "r"},
	{weight: 2, source: "iam", name: "GenerateCredentialReport", flags: "r", caller: "config.amazonaws.com", response: `{"state":"STARTED","description":"No report exists. Starting a new report generation task"}`},
	{weight: 2, source: "iam", name: "GetInstanceProfile", flags: "r", request: `{"instanceProfileName":"$role"}`},
	{weight: 1, source: "iam", name: "CreateRole", request: `{"roleName":"$role","path":"/","assumeRolePolicyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"lambda.amazonaws.com\"},\"Action\":\"sts:AssumeRole\"}]}","tags":[{"key":"stack","value":"app-$hex8"}]}`, response: `{"role":{"path":"/","roleName":"$role","roleId":"$aroa","arn":"arn:aws:iam::$account:role/$role","createDate":"$longtime","assumeRolePolicyDocument":"%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22%2C%22Principal%22%3A%7B%22Service%22%3A%22lambda.amazonaws.com%22%7D%2C%22Action%22%3A%22sts%3AAssumeRole%22%7D%5D%7D"}}`, errors: "EntityAlreadyExistsException AccessDenied"},
	{weight: 1, source: "iam", name: "AttachRolePolicy", request: `{"roleName":"$role","policyArn":"arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}`},
	{weight: 1, source: "iam", name: "PutRolePolicy", request: `{"roleName":"$role","policyName":"inline-$hex8","policyDocument":"{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"s3:GetObject\",\"s3:PutObject\"],\"Resource\":\"arn:aws:s3:::$bucket/*\"},{\"Effect\":\"Allow\",\"Action\":[\"dynamodb:GetItem\",\"dynamodb:Query\"],\"Resource\":\"arn:aws:dynamodb:$region:$account:table/$table\"}]}"}`},
	{weight: 1, source: "iam", name: "CreateAccessKey", request: `{"userName":"$user"}`, response: `{"accessKey":{"accessKeyId":"AKIAEXAMPLE$b32x9","userName":"$user","status":"Active","createDate":"$longtime"}}`},
	{weight: 1, source: "iam", name: "CreateServiceLinkedRole", request: `{"aWSServiceName":"elasticache.amazonaws.com"}`, errors: "InvalidInputException"},

	{weight: 34, source: "lambda", name: "Invoke", flags: "d", request: `{"functionName":"arn:aws:lambda:$region:$account:function:$function","invocationType":"Event"}`, resource: `[{"accountId":"$account","type":"AWS::Lambda::Function","ARN":"arn:aws:lambda:$region:$account:function:$function"}]`, extra: `{"functionVersion":"arn:aws:lambda:$region:$account:function:$function:$$LATEST"}`, errors: "TooManyRequestsException"},
	{weight: 8, source: "lambda", name: "GetFunction20150331v2", flags: "r", request: `{"functionName":"$function"}`, errors: jsonErrors},
	{weight: 6, source: "lambda", name: "ListFunctions20150331", flags: "r", request: `{"maxItems":50}`, errors: jsonErrors},
	{weight: 4, source: "lambda", name: "GetPolicy20150331v2", flags: "r", request: `{"functionName":"$function"}`, errors: "ResourceNotFoundException"},
	{weight: 3, source: "lambda", name: "ListTags20170331", flags: "r", request: `{"resource":"arn:aws:lambda:$region:$account:function:$function"}`},
	{weight: 2, source: "lambda", name: "UpdateFunctionCode20150331v2", request: `{"functionName":"$function","s3Bucket":"$bucket","s3Key":"$key","publish":true,"dryRun":false}`, response: `{"functionName":"$function","functionArn":"arn:aws:lambda:$region:$account:function:$function","runtime":"python3.12","role":"arn:aws:iam::$account:role/$role","handler":"app.handler","codeSize":$bytes,"timeout":30,"memorySize":512,"lastModified":"$longtime","codeSha256":"$b64x44","version":"$n","environment":{},"tracingConfig":{"mode":"Active"},"revisionId":"$uuid","state":"Active","lastUpdateStatus":"InProgress","packageType":"Zip","architectures":["arm64"],"ephemeralStorage":{"size":512},"snapStart":{"applyOn":"None","optimizationStatus":"Off"},"loggingConfig":{"logFormat":"Text","logGroup":"/aws/lambda/$function"}}`},
	{weight: 1, source: "lambda", name: "UpdateFunctionConfiguration20150331v2", request: `{"functionName":"$function","timeout":60,"memorySize":1024,"environment":{"variables":"HIDDEN_DUE_TO_SECURITY_REASONS"}}`},

	{weight: 46, source: "logs", name: "CreateLogStream", request: `{"logGroupName":"$loggroup","logStreamName":"$date/[$$LATEST]$hex32"}`, errors: "ResourceAlreadyExistsException"},
	{weight: 16, source: "logs", name: "DescribeLogGroups", flags: "r", request: `{"logGroupNamePrefix":"$loggroup","limit":50}`, errors: jsonErrors},
	{weight: 12, source: "logs", name: "DescribeLogStreams", flags: "r", request: `{"logGroupName":"$loggroup","orderBy":"LastEventTime","descending":true,"limit":50}`, errors: jsonErrors},
	{weight: 6, source: "logs", name: "CreateLogGroup", request: `{"logGroupName":"$loggroup"}`, errors: "ResourceAlreadyExistsException"},
	{weight: 6, source: "logs", name: "StartQuery", flags: "r", request: `{"logGroupNames":["$loggroup"],"startTime":$seconds,"endTime":$seconds,"queryString":"fields @timestamp, @message | filter level = \"ERROR\" | sort @timestamp desc | limit 100"}`, response: `{"queryId":"$uuid"}`},
	{weight: 5, source: "logs", name: "GetQueryResults", flags: "r", request: `{"queryId":"$uuid"}`},
	{weight: 5, source: "logs", name: "FilterLogEvents", flags: "r", request: `{"logGroupName":"$loggroup","filterPattern":"ERROR","startTime":$millis,"limit":10000}`},
	{weight: 2, source: "logs", name: "PutRetentionPolicy", request: `{"logGroupName":"$loggroup","retentionInDays":30}`},
	{weight: 2, source: "logs", name: "DescribeMetricFilters", flags: "r", request: `{"logGroupName":"$loggroup"}`},

	{weight: 30, source: "dynamodb", name: "GetItem", flags: "rd", request: `{"tableName":"$table","key":{"pk":"HIDDEN_DUE_TO_SECURITY_REASONS"},"consistentRead":false}`, resource: `[{"accountId":"$account","type":"AWS::DynamoDB::Table","ARN":"arn:aws:dynamodb:$region:$account:table/$table"}]`, errors: "ConditionalCheckFailedException"},
	{weight: 14, source: "dynamodb", name: "PutItem", flags: "d", request: `{"tableName":"$table","items":["pk","sk"],"conditionExpression":"attribute_not_exists(pk)"}`, resource: `[{"accountId":"$account","type":"AWS::DynamoDB::Table","ARN":"arn:aws:dynamodb:$region:$account:table/$table"}]`, errors: "ConditionalCheckFailedException"},
	{weight: 14, source: "dynamodb", name: "Query", flags: "rd", request: `{"tableName":"$table","indexName":"gsi1","keyConditionExpression":"gsi1pk = :a","limit":100}`, resource: `[{"accountId":"$account","type":"AWS::DynamoDB::Table","ARN":"arn:aws:dynamodb:$region:$account:table/$table"}]`},
	{weight: 6, source: "dynamodb", name: "DescribeTable", flags: "r", request: `{"tableName":"$table"}`, errors: jsonErrors},
	{weight: 3, source: "dynamodb", name: "ListTables", flags: "r", request: `{"limit":100}`},
	{weight: 3, source: "dynamodb", name: "DescribeContinuousBackups", flags: "r", caller: "config.amazonaws.com", request: `{"tableName":"$table"}`},
	{weight: 2, source: "dynamodb", name: "UpdateTable", caller: "dynamodb.application-autoscaling.amazonaws.com", request: `{"tableName":"$table","provisionedThroughput":{"readCapacityUnits":$n,"writeCapacityUnits":$n}}`},

	{weight: 3, source: "signin", name: "ConsoleLogin", caller: "console", response: `{"ConsoleLogin":"Success"}`, extra: signIn},
	{weight: 1, source: "signin", name: "CheckMfa", caller: "console", response: `{"CheckMfa":"Success"}`, extra: signIn},
	{weight: 1, source: "signin", name: "SwitchRole", caller: "console", response: `{"SwitchRole":"Success"}`, extra: `{"SwitchTo":"arn:aws:iam::$account:role/$role","RedirectTo":"https://console.aws.amazon.com/console/home"}`},

	{weight: 30, source: "ssm", name: "UpdateInstanceInformation", request: `{"instanceId":"$instance","agentVersion":"3.3.1611.0","agentStatus":"Active","platformType":"Linux","platformName":"Amazon Linux","platformVersion":"2023","iPAddress":"10.0.$n.$n","computerName":"ip-10-0-$n-$n.ec2.internal","agentName":"amazon-ssm-agent","availabilityZone":"$regiona"}`},
	{weight: 20, source: "ssm", name: "GetParameter", flags: "r", request: `{"name":"$parameter","withDecryption":true}`, resource: `[{"accountId":"$account","ARN":"arn:aws:ssm:$region:$account:parameter$parameter"}]`, errors: "ParameterNotFound AccessDeniedException"},
	{weight: 10, source: "ssm", name: "GetParametersByPath", flags: "r", request: `{"path":"/app/prod/","recursive":true,"withDecryption":true,"maxResults":10}`},
	{weight: 6, source: "ssm", name: "DescribeInstanceInformation", flags: "r", request: `{"maxResults":50}`},
	{weight: 6, source: "ssm", name: "ListAssociations", flags: "r", request: `{"associationFilterList":[{"key":"InstanceId","value":"$instance"}],"maxResults":20}`},
	{weight: 2, source: "ssm", name: "SendCommand", request: `{"documentName":"AWS-RunPatchBaseline","instanceIds":["$instance"],"parameters":"HIDDEN_DUE_TO_SECURITY_REASONS","timeoutSeconds":600,"interactive":false}`},
	{weight: 2, source: "ssm", name: "PutInventory", request: `{"instanceId":"$instance","items":[{"typeName":"AWS:Application","schemaVersion":"1.1","captureTime":"$longtime","contentHash":"$hex32"},{"typeName":"AWS:AWSComponent","schemaVersion":"1.0","captureTime":"$longtime","contentHash":"$hex32"},{"typeName":"AWS:Network","schemaVersion":"1.0","captureTime":"$longtime","contentHash":"$hex32"}]}`},
	{weight: 1, source: "ssm", name: "StartSession", request: `{"target":"$instance"}`, response: `{"sessionId":"$user-$hex17","tokenValue":"HIDDEN_DUE_TO_SECURITY_REASONS","streamUrl":"wss://ssmmessages.$region.amazonaws.com/v1/data-channel/$user-$hex17?role=publish_subscribe"}`},

	{weight: 16, source: "secretsmanager", name: "GetSecretValue", flags: "r", request: `{"secretId":"arn:aws:secretsmanager:$region:$account:secret:$secret"}`, errors: "AccessDenied ResourceNotFoundException"},
	{weight: 3, source: "secretsmanager", name: "DescribeSecret", flags: "r", request: `{"secretId":"$secret"}`},
	{weight: 2, source: "secretsmanager", name: "ListSecrets", flags: "r", request: `{"maxResults":100}`},
	{weight: 1, source: "secretsmanager", name: "RotationSucceeded", flags: "e", caller: "event"},

	{weight: 14, source: "monitoring", name: "DescribeAlarms", flags: "r", request: `{"maxRecords":100,"stateValue":"ALARM"}`},
	{weight: 8, source: "monitoring", name: "ListMetrics", flags: "r", request: `{"namespace":"AWS/EC2","recentlyActive":"PT3H"}`},
	{weight: 2, source: "monitoring", name: "PutMetricAlarm", request: `{"alarmName":"cpu-$instance","namespace":"AWS/EC2","metricName":"CPUUtilization","dimensions":[{"name":"InstanceId","value":"$instance"}],"statistic":"Average","period":300,"evaluationPeriods":3,"threshold":80,"comparisonOperator":"GreaterThanThreshold","alarmActions":["arn:aws:sns:$region:$account:$topic"]}`},
	{weight: 20, source: "elasticloadbalancing", name: "DescribeTargetHealth", flags: "r", request: `{"targetGroupArn":"arn:aws:elasticloadbalancing:$region:$account:targetgroup/web/$hex16"}`, errors: "TargetGroupNotFound ThrottlingException"},
	{weight: 12, source: "elasticloadbalancing", name: "DescribeLoadBalancers", flags: "r", request: `{"pageSize":400}`},
	{weight: 5, source: "elasticloadbalancing", name: "DescribeListeners", flags: "r", request: `{"loadBalancerArn":"arn:aws:elasticloadbalancing:$region:$account:loadbalancer/app/web/$hex16"}`},
	{weight: 4, source: "elasticloadbalancing", name: "RegisterTargets", caller: "autoscaling.amazonaws.com", request: `{"targetGroupArn":"arn:aws:elasticloadbalancing:$region:$account:targetgroup/web/$hex16","targets":[{"id":"$instance"}]}`},
	{weight: 12, source: "autoscaling", name: "DescribeAutoScalingGroups", flags: "r", request: `{"maxRecords":100}`, errors: "Throttling"},
	{weight: 4, source: "autoscaling", name: "DescribeScalingActivities", flags: "r", request: `{"autoScalingGroupName":"web-$hex8","maxRecords":50}`},
	{weight: 3, source: "autoscaling", name: "SetDesiredCapacity", request: `{"autoScalingGroupName":"web-$hex8","desiredCapacity":4,"honorCooldown":true}`},
	{weight: 10, source: "rds", name: "DescribeDBInstances", flags: "r", request: `{"maxRecords":100}`, errors: "DBInstanceNotFoundFault"},
	{weight: 4, source: "rds", name: "DescribeDBClusters", flags: "r"},
	{weight: 3, source: "rds", name: "DescribeDBSnapshots", flags: "r", request: `{"dBInstanceIdentifier":"orders-prod","maxRecords":100}`},
	{weight: 1, source: "rds", name: "CreateDBSnapshot", request: `{"dBInstanceIdentifier":"orders-prod","dBSnapshotIdentifier":"orders-prod-$hex8"}`},
	{weight: 2, source: "rds", name: "DownloadDBLogFilePortion", flags: "r", request: `{"dBInstanceIdentifier":"orders-prod","logFileName":"error/postgresql.log.2026-03-01-12","marker":"0","numberOfLines":1000}`},
	{weight: 10, source: "cloudformation", name: "DescribeStacks", flags: "r", request: `{"stackName":"app-$hex8"}`, errors: "ValidationError"},
	{weight: 5, source: "cloudformation", name: "DescribeStackEvents", flags: "r", request: `{"stackName":"arn:aws:cloudformation:$region:$account:stack/app/$uuid"}`},
	{weight: 2, source: "cloudformation", name: "CreateChangeSet", request: `{"stackName":"app-$hex8","changeSetName":"deploy-$hex8","capabilities":["CAPABILITY_IAM"],"templateURL":"https://example-artifacts.s3.$region.amazonaws.com/$hex32.template","parameters":[{"parameterKey":"Image","parameterValue":"$account.dkr.ecr.$region.amazonaws.com/app:$hex8"},{"parameterKey":"Env","parameterValue":"prod"}]}`, response: `{"id":"arn:aws:cloudformation:$region:$account:changeSet/deploy-$hex8/$uuid","stackId":"arn:aws:cloudformation:$region:$account:stack/app/$uuid"}`},
	{weight: 10, source: "sqs", name: "GetQueueAttributes", flags: "r", request: `{"queueUrl":"https://sqs.$region.amazonaws.com/$account/$queue","attributeNames":["All"]}`, errors: "QueueDoesNotExist"},
	{weight: 3, source: "sqs", name: "ListQueues", flags: "r"},
	{weight: 6, source: "sns", name: "GetTopicAttributes", flags: "r", request: `{"topicArn":"arn:aws:sns:$region:$account:$topic"}`},
	{weight: 3, source: "sns", name: "ListTopics", flags: "r"},
	{weight: 14, source: "ecr", name: "BatchGetImage", flags: "r", request: `{"registryId":"$account","repositoryName":"app","imageIds":[{"imageTag":"$hex8"}],"acceptedMediaTypes":["application/vnd.docker.distribution.manifest.v2+json","application/vnd.oci.image.manifest.v1+json"]}`, resource: `[{"accountId":"$account","ARN":"arn:aws:ecr:$region:$account:repository/app"}]`},
	{weight: 14, source: "ecr", name: "GetDownloadUrlForLayer", flags: "r", request: `{"registryId":"$account","repositoryName":"app","layerDigest":"sha256:$hex64"}`, resource: `[{"accountId":"$account","ARN":"arn:aws:ecr:$region:$account:repository/app"}]`},
	{weight: 8, source: "ecr", name: "GetAuthorizationToken", flags: "r"},
	{weight: 3, source: "ecr", name: "PutImage", request: `{"registryId":"$account","repositoryName":"app","imageTag":"$hex8","imageManifestMediaType":"application/vnd.docker.distribution.manifest.v2+json"}`},
	{weight: 10, source: "ecs", name: "DescribeTasks", flags: "r", request: `{"cluster":"arn:aws:ecs:$region:$account:cluster/$cluster","tasks":["arn:aws:ecs:$region:$account:task/$cluster/$hex32"]}`, errors: "ClusterNotFoundException"},
	{weight: 8, source: "ecs", name: "SubmitTaskStateChange", request: `{"cluster":"$cluster","task":"arn:aws:ecs:$region:$account:task/$cluster/$hex32","status":"RUNNING","containers":[{"containerName":"app","status":"RUNNING","runtimeId":"$hex64"}]}`, response: `{"acknowledgment":"ACK"}`},
	{weight: 5, source: "ecs", name: "DescribeServices", flags: "r", request: `{"cluster":"$cluster","services":["web","worker"]}`},
	{weight: 2, source: "ecs", name: "RegisterTaskDefinition", request: `{"family":"app","taskRoleArn":"arn:aws:iam::$account:role/$role","executionRoleArn":"arn:aws:iam::$account:role/ecsTaskExecutionRole","networkMode":"awsvpc","requiresCompatibilities":["FARGATE"],"cpu":"512","memory":"1024","containerDefinitions":[{"name":"app","image":"$account.dkr.ecr.$region.amazonaws.com/app:$hex8","essential":true,"portMappings":[{"containerPort":8080,"protocol":"tcp"}],"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"$loggroup","awslogs-region":"$region","awslogs-stream-prefix":"app"}},"environment":[{"name":"ENV","value":"prod"},{"name":"LOG_LEVEL","value":"info"},{"name":"QUEUE","value":"$queue"}],"secrets":[{"name":"DB","valueFrom":"$parameter"}],"healthCheck":{"command":["CMD-SHELL","curl -f http://localhost:8080/health || exit 1"],"interval":30,"timeout":5,"retries":3}},{"name":"sidecar","image":"$account.dkr.ecr.$region.amazonaws.com/agent:$hex8","essential":false,"environment":[{"name":"ENV","value":"prod"}],"dependsOn":[{"containerName":"app","condition":"START"}]}]}`},
	{weight: 6, source: "eks", name: "DescribeCluster", flags: "r", request: `{"name":"$cluster"}`},
	{weight: 2, source: "eks", name: "ListNodegroups", flags: "r", request: `{"name":"$cluster"}`},
	{weight: 6, source: "route53", name: "ListResourceRecordSets", flags: "r", request: `{"hostedZoneId":"Z$b32x13"}`, errors: "Throttling"},
	{weight: 2, source: "route53", name: "ChangeResourceRecordSets", request: `{"hostedZoneId":"Z$b32x13","changeBatch":{"changes":[{"action":"UPSERT","resourceRecordSet":{"name":"_$hex32.example.com","type":"TXT","tTL":60,"resourceRecords":[{"value":"\"$hex32\""}]}}]}}`, response: `{"changeInfo":{"id":"/change/C$b32x13","status":"PENDING","submittedAt":"$longtime"}}`},
	{weight: 5, source: "cloudtrail", name: "DescribeTrails", flags: "r", request: `{"trailNameList":[],"includeShadowTrails":false}`},
	{weight: 5, source: "cloudtrail", name: "GetTrailStatus", flags: "r", request: `{"name":"arn:aws:cloudtrail:us-east-1:$account:trail/management"}`},
	{weight: 4, source: "cloudtrail", name: "LookupEvents", flags: "r", request: `{"maxResults":50,"lookupAttributes":[{"attributeKey":"EventName","attributeValue":"ConsoleLogin"}]}`},
	{weight: 10, source: "config", name: "PutEvaluations", request: `{"evaluations":[{"complianceResourceType":"AWS::S3::Bucket","complianceResourceId":"$bucket","complianceType":"COMPLIANT","annotation":"","orderingTimestamp":"$longtime"},{"complianceResourceType":"AWS::EC2::Instance","complianceResourceId":"$instance","complianceType":"NON_COMPLIANT","annotation":"Instance has no owner tag","orderingTimestamp":"$longtime"}],"resultToken":"$b64x200","testMode":false}`},
	{weight: 6, source: "config", name: "DescribeConfigRules", flags: "r"},
	{weight: 3, source: "config", name: "SelectResourceConfig", flags: "r", request: `{"expression":"SELECT resourceId, configuration.instanceType WHERE resourceType = 'AWS::EC2::Instance'"}`},
	{weight: 5, source: "guardduty", name: "ListFindings", flags: "r", request: `{"detectorId":"$hex32","findingCriteria":{"criterion":{"service.archived":{"eq":["false"]}}},"maxResults":50}`},
	{weight: 4, source: "guardduty", name: "GetDetector", flags: "r", request: `{"detectorId":"$hex32"}`},
	{weight: 6, source: "securityhub", name: "BatchImportFindings", caller: "config.amazonaws.com"},
	{weight: 4, source: "securityhub", name: "GetFindings", flags: "r", request: `{"filters":{"workflowStatus":[{"value":"NEW","comparison":"EQUALS"}],"recordState":[{"value":"ACTIVE","comparison":"EQUALS"}]},"maxResults":100}`},
	{weight: 4, source: "events", name: "PutRule", request: `{"name":"rule-$hex8","eventPattern":"{\"source\":[\"aws.ec2\"],\"detail-type\":[\"EC2 Instance State-change Notification\"]}","state":"ENABLED"}`, response: `{"ruleArn":"arn:aws:events:$region:$account:rule/rule-$hex8"}`},
	{weight: 4, source: "events", name: "ListRules", flags: "r", request: `{"limit":100}`},
	{weight: 8, source: "tagging", name: "GetResources", flags: "r", request: `{"resourceTypeFilters":["ec2:instance","rds:db","s3"],"resourcesPerPage":100}`},
	{weight: 6, source: "athena", name: "StartQueryExecution", request: `{"queryString":"SELECT * FROM cloudtrail_logs WHERE eventname = 'ConsoleLogin' LIMIT 100","clientRequestToken":"$uuid","queryExecutionContext":{"database":"logs"},"workGroup":"primary"}`, response: `{"queryExecutionId":"$uuid"}`},
	{weight: 6, source: "athena", name: "GetQueryExecution", flags: "r", request: `{"queryExecutionId":"$uuid"}`},
	{weight: 8, source: "glue", name: "GetTable", flags: "r", request: `{"catalogId":"$account","databaseName":"logs","name":"$table"}`, errors: "EntityNotFoundException"},
	{weight: 4, source: "glue", name: "GetPartitions", flags: "r", request: `{"catalogId":"$account","databaseName":"logs","tableName":"$table","expression":"day = '$date'","maxResults":1000}`},
	{weight: 6, source: "states", name: "StartExecution", request: `{"stateMachineArn":"arn:aws:states:$region:$account:stateMachine:orders","name":"$uuid","input":"HIDDEN_DUE_TO_SECURITY_REASONS"}`, response: `{"executionArn":"arn:aws:states:$region:$account:execution:orders:$uuid","startDate":"$longtime"}`},
	{weight: 3, source: "acm", name: "DescribeCertificate", flags: "r", request: `{"certificateArn":"arn:aws:acm:$region:$account:certificate/$uuid"}`},
	{weight: 2, source: "acm", name: "ListCertificates", flags: "r", request: `{"maxItems":1000}`},
	{weight: 3, source: "organizations", name: "DescribeOrganization", flags: "r", errors: "AWSOrganizationsNotInUseException AccessDeniedException"},
	{weight: 3, source: "organizations", name: "ListAccounts", flags: "r"},
	{weight: 3, source: "sso", name: "Federate", caller: "console", request: `{"account_id":"$account","role_name":"$role"}`, extra: `{"UserName":"$user@example.com"}`},
	{weight: 3, source: "health", name: "DescribeEventAggregates", flags: "r", request: `{"aggregateField":"eventTypeCategory","filter":{"eventStatusCodes":["open","upcoming"]}}`},
	{weight: 3, source: "servicequotas", name: "ListServiceQuotas", flags: "r", request: `{"serviceCode":"ec2"}`},
	{weight: 2, source: "backup", name: "BackupJobCompleted", flags: "e", caller: "event"},
}
