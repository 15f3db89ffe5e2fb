using System;
using System.Collections.Generic;
using Starling.Core.Engine;
using Starling.Core.Gossip;
using Starling.Core.Pieces;
using Starling.Core.Primitives;
using Starling.Core.Wire;

namespace Starling.Sim.Swarms;

/// <summary>
/// A member that does not play by the rules: a real node, so that it gets past every handshake, whose effects are tampered with and
/// who sends what no node would. Banned, it comes back under another key.
/// </summary>
internal sealed class HostileHost(SimWorld world, int number, HostileKinds kind, ulong seed)
    : SimHost(world, number, new SimHostTraits(1), seed)
{
    private static readonly TimeSpan MischiefEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan NewNameEvery = TimeSpan.FromSeconds(45);

    private long _sequence = 1L << 40;
    private IReadOnlyList<PeerAddress> _known = [];

    public HostileKinds Kind { get; } = kind;

    public override bool IsHonest => false;

    protected override bool MayCompute => Kind is HostileKinds.ServesNothing or HostileKinds.WrongBlocks;

    public override void Start(IReadOnlyList<PeerAddress> known)
    {
        _known = known;
        base.Start(known);
        Later(MischiefEvery, Mischief);
        Later(NewNameEvery, () =>
        {
            Crash(CrashKind.MachineLost);
            Start(_known);
        });
    }

    public override double DurationOfRun(int piece) => Kind == HostileKinds.ServesNothing ? 0.001 : base.DurationOfRun(piece);

    protected override void SendBlock(NodeEffect.SendBlock block)
    {
        if (Kind == HostileKinds.ServesNothing || Disk.Read(block.Piece, block.Result) is not { } content)
        {
            return;
        }

        byte[] data = content.AsSpan(block.Begin, block.Length).ToArray();
        if (Kind == HostileKinds.WrongBlocks)
        {
            data[Random.Next(data.Length)] ^= 1;
        }

        SendBlock(block.Link, block.Piece, block.Begin, data);
    }

    protected override void LoadLeaves(NodeEffect.LoadLeaves load)
    {
        if (Kind != HostileKinds.ServesNothing)
        {
            base.LoadLeaves(load);
        }
    }

    private void Mischief()
    {
        foreach (long link in new List<long>(OpenLinks))
        {
            switch (Kind)
            {
                case HostileKinds.ClaimsEverything:
                    Send(link, Claims());
                    break;
                case HostileKinds.Garbage:
                    SendGarbage(link);
                    break;
                case HostileKinds.AsksAlways:
                    AskForMuch(link);
                    break;
            }
        }

        Later(MischiefEvery, Mischief);
    }

    private TaskMessage.Claims Claims()
    {
        var claims = new List<Claim>();
        int count = World.Task.Info.PieceCount;
        int start = count <= ClaimBatch.MaxClaims ? 0 : Random.Next(count - ClaimBatch.MaxClaims);
        for (int i = start; i < Math.Min(count, start + ClaimBatch.MaxClaims); i++)
        {
            claims.Add(new Claim(i, TimeSpan.FromSeconds(Random.Next(1_000)), TimeSpan.FromDays(Random.Next(300))));
        }

        return new TaskMessage.Claims([new AgedClaimBatch(
            ClaimBatchCodec.Sign(Identity, World.Task.Id, ++_sequence, claims), TimeSpan.Zero)]);
    }

    private void SendGarbage(long link)
    {
        var frame = new byte[1 + Random.Next(300)];
        Random.Fill(frame);
        frame[0] = (byte)Random.Next(24);
        if (Random.Next(2) == 0 && frame.Length > 1)
        {
            // An extended message with a number that means something.
            frame[0] = 20;
            frame[1] = (byte)Random.Next(10);
        }

        World.Network.Send(this, new LinkId(link), frame);
    }

    private void AskForMuch(long link)
    {
        Send(link, new PeerMessage.Interested());
        for (int i = 0; i < 64; i++)
        {
            int piece = Random.Next(World.Task.Info.PieceCount);
            ResultId result = World.ExpectedOf(piece);
            if (result.Length > 0)
            {
                int block = Random.Next(result.BlockCount);
                int length = Math.Min(MerkleTree.BlockSize, result.Length - (block * MerkleTree.BlockSize));
                Send(link, new PeerMessage.Request(piece, block * MerkleTree.BlockSize, length));
                Send(link, new TaskMessage.ProofRequest(piece, result));
            }
        }
    }

    private void Send(long link, TaskMessage message)
    {
        (string name, byte[] payload) = TaskMessageCodec.Encode(message);
        for (byte id = 1; Core.Swarm.LinkHandshake.ExtensionName(id) is { } known; id++)
        {
            if (known == name)
            {
                Send(link, new PeerMessage.Extended(id, payload));
            }
        }
    }

    private void Send(long link, PeerMessage message) =>
        World.Network.Send(this, new LinkId(link), PeerMessageCodec.Encode(message).AsMemory(PeerMessageCodec.PrefixSize));
}
