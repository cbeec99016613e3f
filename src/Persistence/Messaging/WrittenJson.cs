using System.Net.Mime;
using MassTransit;

namespace DeployHub.Persistence.Messaging;

/// <summary>A body that is written already, for those outside who know no envelope.</summary>
internal sealed class WrittenJson(byte[] body, ContentType contentType) : IMessageSerializer
{
    public static readonly ContentType Json = new(MediaTypeNames.Application.Json);

    public ContentType ContentType => contentType;

    public MessageBody GetMessageBody<T>(SendContext<T> context) where T : class => new BytesMessageBody(body);
}
