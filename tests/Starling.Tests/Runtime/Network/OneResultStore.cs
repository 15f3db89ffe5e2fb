using System;
using System.Collections.Generic;
using System.Threading.Tasks;
using Starling.Core.Engine;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Runtime.Engine;

namespace Starling.Tests.Runtime.Network;

/// <summary>A store that can only be read, and holds one result: all that a transport asks of a store.</summary>
internal sealed class OneResultStore(int heldPiece, ResultId heldResult, byte[] content) : IPieceStore
{
    public RestoredState Restored => RestoredState.None;

    public bool TryRead(int piece, ResultId result, int begin, Span<byte> destination)
    {
        if (piece != heldPiece || result != heldResult || begin + destination.Length > content.Length)
        {
            return false;
        }

        content.AsSpan(begin, destination.Length).CopyTo(destination);
        return true;
    }

    public IOutputSink OpenOutput(JobId job) => throw new NotSupportedException();

    public void KeepOutputs(IReadOnlyList<KeptOutput> outputs, ReadOnlyMemory<byte> batch) => throw new NotSupportedException();

    public void DiscardOutput(JobId job) => throw new NotSupportedException();

    public void CopyOutput(JobId job, string path) => throw new NotSupportedException();

    public void WriteBlock(int piece, ResultId result, int block, ReadOnlyMemory<byte> data, Hash256 leaf) => throw new NotSupportedException();

    public void CommitDownload(int piece, ResultId result) => throw new NotSupportedException();

    public void AbandonDownload(int piece, ResultId result) => throw new NotSupportedException();

    public void ReleaseResult(int piece, ResultId result) => throw new NotSupportedException();

    public void DropResult(int piece, ResultId result) => throw new NotSupportedException();

    public void SaveBatch(ReadOnlyMemory<byte> batch) => throw new NotSupportedException();

    public void SaveAccepted(int piece, ResultId result, bool accepted) => throw new NotSupportedException();

    public void LoadLeaves(int piece, ResultId result) => throw new NotSupportedException();

    public void LoadContent(int piece, ResultId result) => throw new NotSupportedException();

    public (string Folder, IReadOnlyList<string> Names) Materialise(int file, IReadOnlyList<(int Piece, ResultId Result)> parts) =>
        throw new NotSupportedException();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
