package engine

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Config is an AWS configuration for calling the engine directly, as the owner of the
// account. It takes nothing from the environment. The SDK tries again what breaks off, as
// connections to the engine now and then do; an event that was put so may arrive twice.
func (e *Engine) Config() aws.Config {
	return aws.Config{
		Region:       e.options.Region,
		BaseEndpoint: aws.String(e.url),
		Credentials:  credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
		HTTPClient:   e.client,
	}
}

// AllowPlainHTTPAssets removes the policy of the account's assets bucket, which the CDK
// makes refuse all that does not come over TLS. The engine speaks plain HTTP on
// loopback, so that under Options.Auth no deployment would get past it. It is to be
// called between cdk bootstrap and cdk deploy.
func (e *Engine) AllowPlainHTTPAssets(ctx context.Context, account, bucket string) error {
	config := e.Config()
	config.Credentials = credentials.NewStaticCredentialsProvider(account, SecretKey, "") // an account's number is its root's key
	client := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: aws.String(bucket)}); err != nil {
		return fmt.Errorf("removing the policy of the assets bucket %s: %w", bucket, err)
	}
	return nil
}
